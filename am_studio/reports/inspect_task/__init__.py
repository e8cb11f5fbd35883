"""A study or a scenario as a task that Inspect runs, and the process that reads its replies as this program does."""
