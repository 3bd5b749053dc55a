"""The machine the program runs on: processors, accelerators, thread budget."""
