#error "illumos has no <sys/prctl.h>"
