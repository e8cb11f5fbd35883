"""The notebook in the docs does what it says, from its first cell to its last."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"


@pytest.mark.filterwarnings("ignore")  # Jupyter's own parts warn of each other
def test_the_notebook_of_the_docs_runs_from_beginning_to_end(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed: the notebook is not executed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed: the notebook is not executed")
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: the notebook is not executed")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)  # it is kept without what it printed

    done = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()

    told = "\n".join(output.get("text", "") for cell in done.cells for output in cell.get("outputs", ()))
    assert "consider_goals" in told
    assert "SIMULATED | difference in rate" in told
    assert "190 trials, 190 calls" in told
    assert "190 trials, " in told.partition("190 calls")[2]
