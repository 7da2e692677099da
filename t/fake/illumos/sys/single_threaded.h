#error "illumos has no <sys/single_threaded.h>"
