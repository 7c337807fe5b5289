# The first literal decides whether the merged set is recursive.
{ a = rec { b = 1; c = b; }; a.d = 2; }
