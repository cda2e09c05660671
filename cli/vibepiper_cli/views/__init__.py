"""What results look like to people: each view turns one result into text."""
