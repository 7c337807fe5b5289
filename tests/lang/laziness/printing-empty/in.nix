{ list = [ ]; set = { }; lists = [ [ ] ]; }
