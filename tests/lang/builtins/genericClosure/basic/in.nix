builtins.genericClosure { startSet = [ { key = 1; } { key = 5; } ]; operator = item: if item.key > 20 then [ ] else [ { key = item.key * 2; from = item.key; } { key = item.key + 3; } ]; }
