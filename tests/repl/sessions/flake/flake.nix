{ outputs = { self }: { answer = 42; sub.where = self._type; }; }
