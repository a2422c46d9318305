"""One vault on this machine: opening it, changing it once, and putting right what a killed change left."""
