map toString [ /a /a/b /a/../b /a/./b /./a /a/b/.. /.. ]
