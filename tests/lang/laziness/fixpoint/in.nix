let fix = f: let x = f x; in x; extends = o: f: self: let super = f self; in super // o self super; base = self: { a = 1; b = self.a + 1; }; in fix (extends (self: super: { a = super.a + 10; }) base)
