let f = x: "<${x}>"; in "a${f "b${f "c"}d"}e${{ a = "}"; }.a}"
