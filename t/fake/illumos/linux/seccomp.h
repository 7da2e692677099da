#error "illumos has no <linux/seccomp.h>"
