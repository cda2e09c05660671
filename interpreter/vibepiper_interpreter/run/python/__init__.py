"""Python assets: importing the user's code, calling it with tables, and taking what it returns."""
