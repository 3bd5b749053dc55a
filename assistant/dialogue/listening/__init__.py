"""From blocks of sound to the words of an utterance."""
