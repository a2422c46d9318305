"""Other repositories, and the ways to them."""
