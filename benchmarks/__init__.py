"""What VibePiper costs, measured beside other ways to do the same work."""
