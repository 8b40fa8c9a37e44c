// Bundles the doors and the command line into dist/.
