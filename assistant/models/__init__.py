"""The catalogue of models, where they lie, and how they are fetched and checked."""
