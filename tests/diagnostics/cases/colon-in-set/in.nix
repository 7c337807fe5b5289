{ name: "hello"; }
