"""What the studio does for who comes in: takes them back to where they were, shows them round, tells what is new."""
