# Leave nothing in a file system that only its making needed, and nothing that two makings would have differently.
#
#   tidy.sh python FOLDER    bytecode by hash of the source, no tests, no installer, the health check beside it
#   tidy.sh system           Debian without caches, logs, documentation and set-uid bits; the user of the service
#   tidy.sh times            every file as old as SOURCE_DATE_EPOCH: class-data archives remember how old theirs were
set -eu

case $1 in
python)
    venv=$2
    find "$venv" -depth \( -name __pycache__ -o -name tests -o -name '*.a' \) -path '*/site-packages/*' -exec rm -rf {} +
    # Where a wheel was when it was installed is of no interest, and its name is of this build.
    find "$venv" -name direct_url.json -delete
    sed -i '/direct_url.json/d' "$venv"/lib/python3*/site-packages/berm-*.dist-info/RECORD
    "$venv"/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash "$venv"/lib -x '/attacks/' || [ $? = 1 ]
    install -m 755 /image/healthy.py "$venv"/bin/berm-healthy
    ;;
system)
    apt-get clean
    rm -rf /var/lib/apt/lists /var/cache/* /var/log/* /var/tmp/* /tmp/* ~root/.[a-z]* /var/backups/* \
        /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian /usr/share/bug /usr/share/gdb \
        /usr/lib/jvm/*/jmods /usr/lib/jvm/*/man /etc/machine-id /var/lib/dbus \
        /var/lib/dpkg/*-old /var/lib/dpkg/lock* /var/lib/dpkg/triggers/Lock /etc/*- /etc/.pwd.lock
    find /usr/share/doc -type f ! -name copyright -delete
    find /usr/share/doc -type l -delete
    find /usr/share/doc -depth -type d -empty -delete
    # Debian's packages compile their modules when they are installed; which order, is chance.
    find /usr/lib/python3* -depth -name __pycache__ -exec rm -rf {} +
    /usr/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3* -x '/(test|tests|lib2to3)/' || [ $? = 1 ]
    # So do they Mono's library and compiler: with numbers of chance unless they are told not to, and with traces of where
    # the stack began, below the environment.
    for made in /usr/lib/mono/aot-cache/*/*.so; do
        [ -e "$made" ] || continue
        mkdir -p /tmp/mono
        env -i PATH=/usr/bin:/bin mono --aot=deterministic,temp-path=/tmp/mono,outfile="$made" -O=all \
            "/usr/lib/mono/4.5/$(basename "$made" .so)" >/dev/null
        rm -r /tmp/mono
    done
    # The key store of Debian's Java is dated; no cell has a network that it could be for.
    rm -f /etc/ssl/certs/java/cacerts
    find / -xdev -perm /6000 \( -type f -o -type d \) -exec chmod a-s {} +
    sed -i '/^berm:/d' /etc/passwd /etc/group
    echo 'berm:x:1000:1000:Berm:/tmp:/usr/sbin/nologin' >>/etc/passwd
    echo 'berm:x:1000:' >>/etc/group
    mkdir -p /usr/local/lib/berm /var/lib/apt/lists/partial /var/cache/apt/archives/partial /tmp /var/tmp
    chmod 1777 /tmp /var/tmp
    install -d -m 700 -o 1000 -g 1000 /var/lib/berm
    # The day of the last change of a password that nobody has.
    [ ! -e /etc/shadow ] || sed -i -E 's/^([^:]*:[^:]*):[0-9]+:/\1:1:/' /etc/shadow
    ;;
times)
    # Those below /etc are the builder's, read-only, where Docker builds.
    find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /image \
        -o -path /etc/hosts -o -path /etc/hostname -o -path /etc/resolv.conf \) -prune \
        -o -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    ;;
esac
