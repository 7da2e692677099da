# pkgsrc's own takes threads from the system, or from another package.
PTHREAD_TYPE?=	native
