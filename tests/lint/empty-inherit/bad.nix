# inherit ; in a comment
let
  inherit;
  inherit ({ inherit; });
  inherit /* this one is not seen */ ;
in
{
  inherit (throw "never") ;
  a = rec { inherit; };
  text = "inherit;";
  more = ''
    inherit;
  '';
}
