"""What one types: each verb's options and help; one file a verb.

What it does is in `commands/`, imported inside the function: help and completion must not wait for the engine.
"""
