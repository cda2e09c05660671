"""What each verb does; one file a verb. The verbs themselves (`verbs/`) are only signatures and help."""
