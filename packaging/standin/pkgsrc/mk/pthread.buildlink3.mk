# In pkgsrc threads come from the system or from another package.
PTHREAD_TYPE?=	native
