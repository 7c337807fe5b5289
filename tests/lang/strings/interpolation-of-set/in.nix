[ "${{ outPath = "out"; }}" "${{ __toString = self: self.n; n = "name"; }}" "${{ outPath = { outPath = "deep"; }; }}" "${{ __toString = _: { __toString = _: "twice"; }; }}" ]
