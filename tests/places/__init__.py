"""The tables of places that are made from GeoNames and CLDR; `python -m tests.places` makes them."""
