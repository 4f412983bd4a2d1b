"""The credential store: secrets of devices in one file, sealed, and opened only by the process that uses them.

crypto   sealing, and keys out of keys; the door to cryptography
form     the file: what may stand in it, byte for byte
keys     the key that locks it: a passphrase from the settings, or a key file beside the store
store    the store: add, list, remove, open, rotate
kv       HashiCorp Vault, read
opener   what an inventory only names, opened: out of the store, or out of a Vault
"""
