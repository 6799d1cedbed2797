"""Networks that make feature maps of pictures."""
