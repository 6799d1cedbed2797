"""The live system: cameras in, identity events out."""
