let __lessThan = a: b: throw "no order"; in 1 <= 2
