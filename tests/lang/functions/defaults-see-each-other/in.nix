({ a ? b, b ? c, c ? 3 }: [ a b c ]) { }
