{
  inherit ({ a = 1; }) a;
  # inherit;
  text = "inherit; ${"inherit;"} inherit;";
  /* inherit (x); */
  x.inherit-this = 1;
}
