"""What belongs to a language: phrases, remarks, abbreviations."""
