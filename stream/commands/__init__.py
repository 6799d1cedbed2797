"""What each command of `restride` does; stream.cli only names them."""
