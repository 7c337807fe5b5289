[ (builtins.getEnv "TEST_VAR") (builtins.getEnv "NIVIS_NO_SUCH_VARIABLE") ]
