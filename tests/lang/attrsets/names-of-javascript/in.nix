# Names that mean something to JavaScript objects are ordinary names here.
let s = { __proto__ = 1; constructor = 2; toString = 3; hasOwnProperty = 4; valueOf = 5; length = 6; isPrototypeOf = 7; }; in
builtins.removeAttrs (s // { prototype = 8; }) [ "length" ] // { has = [ (s ? __proto__) ({ } ? __proto__) ({ } ? constructor) ({ }.constructor or "none") ]; }
