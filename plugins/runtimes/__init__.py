"""Sessions: loaded models on a device."""
