{ n, s, d ? "default" }: { result.value = [ n s d ]; }
