"""The catalogue of models, the folder they are stored in, and how they are fetched and checked."""
