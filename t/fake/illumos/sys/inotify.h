#error "illumos has no <sys/inotify.h>"
