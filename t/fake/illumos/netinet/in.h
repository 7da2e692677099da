/*
 * An IPv4 address is a union, whose first member is a byte: an initializer
 * without a name does not set the address.  s_addr is a macro.
 */
#ifndef FAKE_ILLUMOS_IN_H
#define FAKE_ILLUMOS_IN_H
#pragma GCC system_header

#include <features.h>

#define s_addr								\
	:0;								\
	union {								\
		unsigned char	fake_bytes[4];				\
		in_addr_t	fake_addr;				\
	} fake_in
#include_next <netinet/in.h>
#undef s_addr
#define s_addr	fake_in.fake_addr

#undef IP_BIND_ADDRESS_NO_PORT
#undef IP_FREEBIND
#undef IP_MTU
#undef IP_MTU_DISCOVER
#undef IP_RECVERR
#undef IP_TRANSPARENT
#undef IPV6_RECVERR

#endif /* FAKE_ILLUMOS_IN_H */
