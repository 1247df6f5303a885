"""Forms that come by mail: questions and their answers, in whatever shape a form service writes them."""
