# A stand-in for pkgsrc's bsd.pkg.mk, to build a package without pkgsrc.  It has
# what a package with one tarball and a GNU configure needs, as the pkgsrc guide
# describes it, and stops at anything else.

.for v in DISTNAME CATEGORIES MAINTAINER COMMENT LICENSE GNU_CONFIGURE \
    USE_LIBTOOL TEST_TARGET
.  if !defined(${v}) || empty(${v})
.    error ${v} is missing
.  endif
.endfor
.if empty(MASTER_SITES) && !defined(FETCH_MESSAGE)
.  error neither MASTER_SITES nor FETCH_MESSAGE is there
.endif
.if !defined(PTHREAD_TYPE)
.  error threads, but no pthread.buildlink3.mk
.endif

PREFIX?=	/usr/pkg
PKGMANDIR?=	man
WRKDIR=		${.CURDIR}/work
DESTDIR=	${WRKDIR}/.destdir
EXTRACT_SUFX?=	.tar.gz
DISTFILES?=	${DISTNAME}${EXTRACT_SUFX}
WRKSRC?=	${WRKDIR}/${DISTNAME}
INSTALL_TARGET?=	install
LIBDIR=		${DESTDIR}${PREFIX}/lib

# Only openssl, which wrote distinfo, computes BLAKE2s; its form alone is
# checked.
checksum:
	@cd ${DISTDIR} && \
	    sed -n 's/^SHA512 (\(.*\)) = \(.*\)/\2  \1/p' \
	    ${.CURDIR}/distinfo | grep '  ${DISTFILES}$$' | sha512sum -c
	@sed -n 's/^BLAKE2s (${DISTFILES}) = //p' ${.CURDIR}/distinfo | \
	    grep -qx '[0-9a-f]\{64\}'
	@grep -qx "Size (${DISTFILES}) = `wc -c <${DISTDIR}/${DISTFILES}` bytes" \
	    ${.CURDIR}/distinfo

extract: checksum
	mkdir -p ${WRKDIR}
	cd ${WRKDIR} && tar xf ${DISTDIR}/${DISTFILES}

# Programs that link with the library need its directory as a run-time path.
configure: extract
.for file in ${PKGCONFIG_OVERRIDE}
	cd ${WRKSRC} && grep -q '^Libs:.*-L' ${file} && \
	    sed -i '/^Libs:/s/-L\([^ ]*\)/-L\1 -Wl,-R\1/' ${file}
.endfor
	cd ${WRKSRC} && env ${CONFIGURE_ENV} ./configure --prefix=${PREFIX} \
	    --mandir=${PREFIX}/${PKGMANDIR} ${CONFIGURE_ARGS}

build: configure
	cd ${WRKSRC} && env ${MAKE_ENV} ${MAKE} -j${MAKE_JOBS} ${MAKE_FLAGS} all

test: build
	cd ${WRKSRC} && env ${MAKE_ENV} ${TEST_ENV} ${MAKE} ${MAKE_FLAGS} \
	    ${TEST_MAKE_FLAGS} ${TEST_TARGET}

stage-install: build
	cd ${WRKSRC} && env ${MAKE_ENV} ${MAKE} DESTDIR=${DESTDIR} ${MAKE_FLAGS} \
	    ${INSTALL_MAKE_FLAGS} ${INSTALL_TARGET}

# A .la file in PLIST stands for the libraries that the file lists.
check-files: stage-install
	@cd ${DESTDIR}${PREFIX} && find . ! -type d | sed 's/^\.\///' | \
	    LC_ALL=C sort >${WRKDIR}/installed
	@sed -n 's/^\(lib\/.*\)\.la$$/\1/p' PLIST | while read lib; do \
	    . ${DESTDIR}${PREFIX}/$$lib.la && \
	    for name in $$library_names $$old_library; do \
	        echo lib/$$name; \
	    done; \
	done | LC_ALL=C sort -u - PLIST | grep -v '^@comment' | \
	    diff - ${WRKDIR}/installed
	@! find ${DESTDIR} ! -type d | grep -v '^${DESTDIR}${PREFIX}/'
	@grep -v '^@comment' PLIST | LC_ALL=C sort -c
.if !empty(PKGCONFIG_OVERRIDE)
	@grep -q '^Libs:.*-Wl,-R' ${LIBDIR}/pkgconfig/*.pc
.else
	@! ls ${LIBDIR}/pkgconfig/*.pc
.endif

package: check-files test
	@echo "${DISTNAME}: `wc -l <${WRKDIR}/installed` files as listed"

.PHONY: checksum extract configure build test stage-install check-files package
.MAIN: package
