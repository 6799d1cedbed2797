"""Human parsers: which pixel of a picture is hair, which is a skirt."""
