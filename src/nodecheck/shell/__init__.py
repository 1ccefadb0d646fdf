"""What shells and man(1) are told of the command line, made from the parsers that ``--help`` is made from."""
