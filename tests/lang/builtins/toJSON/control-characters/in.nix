builtins.toJSON (builtins.fromJSON ''"\b\f\n\r\t\u0001\u001f\u007f"'')
