"""From the text of a reply to sound that was heard."""
