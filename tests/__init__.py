"""The tests, in the folders of what they test. NumPy and the engines find here what they find in the program."""

from assistant.host import libraries

libraries.prepare()
