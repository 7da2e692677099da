#error "illumos has no <linux/filter.h>"
