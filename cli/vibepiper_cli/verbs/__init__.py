"""One file a verb; a verb's function is its signature, its help, and the road from one to the other end."""
