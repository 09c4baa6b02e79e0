//! Programs of Windows that are known to only read, and what they may be given for that.

/// These only read, whatever they are given. With what cmd has inside and changes nothing but the shell, and what is
/// refused already since it waits for a key.
pub(super) const READERS: &str = "cd chdir choice comp dir driverquery dsget dsquery echo else endlocal exit fc find findstr for \
     getmac goto hostname if more netstat nslookup path pathping pause ping popd qappsrv qprocess \
     query quser qwinsta rem set setlocal shift systeminfo tasklist timeout tracert tree type ver \
     verify vol where whoami";

/// These only read when the first word behind them is one of those, or nothing is.
pub(super) const VERBS: &[(&str, &str)] = &[
    ("auditpol", "/get /list"),
    ("bitsadmin", "/list /info"),
    ("cmdkey", "/list"),
    ("dsregcmd", "/status"),
    ("fltmc", "filters instances volumes"),
    ("logman", "query"),
    ("netdom", "query verify"),
    ("openfiles", "/query"),
    ("pnputil", "/enum-devices /enum-drivers /enum-interfaces /enum-classes /enum-containers -e"),
    (
        "powercfg",
        "/l /list /q /query /a /availablesleepstates /getactivescheme /aliases /requests /lastwake \
     /waketimers /devicequery -l -list -q -query -a -getactivescheme -aliases -requests -lastwake \
     -waketimers -devicequery",
    ),
    ("reagentc", "/info"),
    (
        "repadmin",
        "/showrepl /replsummary /queue /showutdvec /showobjmeta /showbackup /showconn /istg /bridgeheads \
     /failcache /viewlist",
    ),
    (
        "sc",
        "query queryex qc qdescription qfailure qfailureflag qprivs qprotection qpreferrednode qsidtype \
     qtriggerinfo quserservice sdshow showsid enumdepend getdisplayname getkeyname querylock",
    ),
    ("schtasks", "/query"),
    ("tzutil", "/g /l"),
    ("verifier", "/query /querysettings"),
    ("vssadmin", "list"),
    ("w32tm", "/query /monitor /stripchart /tz /dumpreg /ntte /ntpte"),
    ("wbadmin", "get"),
    ("wecutil", "es enum-subscription gs get-subscription gr get-subscriptionruntimestatus"),
    (
        "wevtutil",
        "el enum-logs gl get-log gli get-log-info qe query-events ep enum-publishers gp get-publisher",
    ),
    ("winrm", "get g enumerate enum e identify id helpmsg"),
    ("lodctr", "/q"),
    ("rasdial", ""),
];

/// These only read with no other options than those; what stands behind `:` or `=` is their value.
pub(super) const OPTIONS: &[(&str, &str)] = &[
    ("arp", "a g v n"),
    ("attrib", "s d l"),
    ("cacls", "t s c l m"),
    // With /f, /r, /x, /b, /spotfix, and /scan, which repairs online, it changes the volume.
    ("chkdsk", "v i c"),
    ("chkntfs", ""),
    ("cipher", "c h y"),
    ("compact", "s a q i"),
    // Without /fix, and without the tests of DNS that write a record.
    ("dcdiag", "s n u p a e i v c q test skip h"),
    ("gpresult", "r v z scope user s u p"),
    ("icacls", "t c l q findsid verify"),
    ("ipconfig", "all allcompartments displaydns showclassid showclassid6"),
    // Without /sc_verify, which makes a broken channel anew.
    (
        "nltest",
        "query server dsgetdc dsgetsite dclist dcname domain_trusts sc_query parentdomain whowill \
     finduser trusted_domains pdc gc kdc ds ip dnsname netbios timeserv gtimeserv writable ret_dns \
     ret_netbios all_trusts primary v",
    ),
    ("setspn", "l q x f t p c u"),
    ("sort", "r rec record l locale m memory t"),
    ("typeperf", "q qx sc si s"),
];

/// What leads to the verb of `netsh`.
pub(super) const NETSH: &str = "interface int ip ipv4 ipv6 tcp udp advfirewall firewall monitor consec mainmode winhttp wlan lan \
     http trace dhcpclient dnsclient bridge namespace ras rpc portproxy teredo 6to4 isatap \
     httpstunnel wfp ipsec static dynamic branchcache mbn netio winsock eventlog wcn nap filter p2p";

/// Options of `dism` that say where, and how.
pub(super) const DISM: &str = "online image english format logpath loglevel scratchdir sysdrivedir windir quiet norestart \
     cleanup-image packagename packagepath featurename capabilityname imagefile wimfile index name \
     driver all source limitaccess";

/// Options of `sfc` that look.
pub(super) const SFC: &str = "verifyonly verifyfile offbootdir offwindir offlogfile";

/// Whether a word is in one of these lists.
pub(super) fn holds(list: &str, word: &str) -> bool {
    list.split(' ').any(|one| one == word)
}
