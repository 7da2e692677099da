/*
 * illumos has a header of this name, but not Linux's system calls.  No source
 * uses those of illumos.
 */
