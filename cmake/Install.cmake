# Written later.
