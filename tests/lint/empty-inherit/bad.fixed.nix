# inherit ; in a comment
let
  inherit /* this one is not seen */ ;
in
{
  a = rec { };
  text = "inherit;";
  more = ''
    inherit;
  '';
}
